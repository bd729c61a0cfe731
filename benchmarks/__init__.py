"""Speed as ratios: our calls against what somebody would write by hand, in one run and in turns."""
