"""Ways to save and load models that come with trackbridge."""
