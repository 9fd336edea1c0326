"""What wiring looks like in each programming language: one entry per language.

An entry is data: which names can mean an implementation, and which places
in the syntax tree make one a use, a definition, or neither. What does not fit
in a table is beside it, as a few small functions of the same module.
"""
