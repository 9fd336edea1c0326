"""What can be asserted of a schema: a module for each kind of object, or part."""
