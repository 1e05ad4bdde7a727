"""Tests of the models: arrays, derivatives, faulty descriptions, rational fits."""
