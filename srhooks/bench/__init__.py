"""`srhooks bench`: measures real server processes under load and verifies every stored row.

The servers run on one core, the load generator on another. Per request, the load generator uses
plain sockets and a selector, without an event loop, so that it does not become the bottleneck.
"""
