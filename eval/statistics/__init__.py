"""Bootstrap intervals, paired differences and the aggregate measures of rliable."""
