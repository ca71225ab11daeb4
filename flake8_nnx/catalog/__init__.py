"""Linen to NNX as data: layers and their arguments, functions, collections, known differences.

`construct.construct` and `construct.call` turn one Linen call into NNX source with this data.
"""
