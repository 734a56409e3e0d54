"""From rows of measurements to the state: h(x), gain matrix, the search for the least J, robust variants."""
