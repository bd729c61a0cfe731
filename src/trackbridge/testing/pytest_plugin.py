"""The pytest side of the contract suite; it loads in every pytest run, so it imports nothing until a Contract is met."""
