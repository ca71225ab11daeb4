"""Linen to NNX as data: layers and their arguments, functions, collections."""
