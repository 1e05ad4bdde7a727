"""One BLAS thread a process: the tests already run in several processes (pytest-xdist), and small matrices gain nothing."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
