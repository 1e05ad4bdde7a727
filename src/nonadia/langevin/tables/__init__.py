"""Tables of forces as fields: what lies between their points, how wrong it is, and what lies outside.

    table        ForceTable: product grids of up to three coordinates, driven axes, asymptotes (input: what a dataset holds)
    spline       splines along an axis and their certified error
    line, cells  one coordinate: equal cells, which the compiled ensemble reads;  product, tensor: more coordinates
    positive     noise that is not negative
    scattered    points without a grid, in any number of coordinates (region: where they are)
    on_the_fly   forces computed where trajectories go, and kept
    from_dataset the field that fits a dataset
"""
