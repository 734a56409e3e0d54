"""An estimate as tables that a pandas or pandapower user understands."""
