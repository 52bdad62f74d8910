"""Steps of the walk and the operations they are made of. One operation, one module.

`table` names them.
"""
