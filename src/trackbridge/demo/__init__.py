"""A real project in three plain scripts: train, promote, predict. ``trackbridge demo`` plays them."""
