"""The repeatable benchmark: real servers on one core, the load on another, checked to the last row.

Everything that the load side does per request is plain non-blocking sockets and a selector: no
event loop of its own that could become the bottleneck.
"""
