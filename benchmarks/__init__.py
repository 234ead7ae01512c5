"""Measurements of the kernels and of the night; `python -m benchmarks` runs them."""
