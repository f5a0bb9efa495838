"""Programs that are not ours, one a module: other projects' libraries, and the classic tutorials.

Each is run as it is and with its recurrent modules accelerated; nothing else differs. Sizes are
those of the project's own examples or defaults, the data are made up.
"""
