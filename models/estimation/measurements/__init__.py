"""What the control room is told and expects: metering plan, readings, forecasts, and how far to trust them."""
