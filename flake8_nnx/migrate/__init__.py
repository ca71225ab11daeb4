"""Linen classes to native NNX classes: plan, rewrite with libcst, verify, write."""
