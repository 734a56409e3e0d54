"""MATPOWER cases, from `.m` and `.mat` files, as pandapower nets. Nothing in a file is ever executed."""
