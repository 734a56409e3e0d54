"""Who catches which attack: detectors on whole timelines of the twin, all under one budget of false alarms."""
