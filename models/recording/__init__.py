"""What a run leaves behind: tables in chunks, events, alarms."""
