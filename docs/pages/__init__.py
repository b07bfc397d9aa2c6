"""What `docs/build.py` makes of the project: pages of notebooks, a gallery of views, the reference."""
