"""The processes that serve one database together: who is there, who does what, who calls when."""
