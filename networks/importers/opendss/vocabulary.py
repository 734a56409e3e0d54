"""What a script may say: which statements describe a feeder, which are no concern of it, and which are refused.

Names are OpenDSS's own, in small letters. Whatever is in none of these sets is refused.
"""

# Statements that describe the feeder, and go on to the engine.
DESCRIBING = frozenset({"new", "edit", "more", "open", "close", "enable", "disable", "setkvbase", "calcvoltagebases"})
# Statements that name a file. They are followed by our own reader, never by the engine.
INCLUDING = frozenset({"redirect", "compile"})
COORDINATES = frozenset({"buscoords", "latlongcoords"})
# Statements about solving, looking and writing: a description is complete without them.
SKIPPED = frozenset(
    {
        *("solve", "show", "export", "plot", "visualize", "help", "about", "panel", "save", "dump", "summary"),
        *("interpolate", "reset", "init", "closedi", "fileedit", "addbusmarker", "clearbusmarkers", "buildy"),
        *("makebuslist", "alignfile", "totals", "voltages", "currents", "powers", "losses", "sample", "di_plot"),
        *("comparecases", "yearlycurves", "get", "?", "cleanup", "uuids", "guids", "setbusxy", "relcalc"),
        *("zscrefresh", "zsc", "faultstudy"),
    }
)
COMMANDS = DESCRIBING | INCLUDING | COORDINATES | SKIPPED | {"set", "clear"}
# What people shorten; anything else is shortened at the reader's risk and refused where it is ambiguous.
CUSTOMARY = {
    "~": "more",
    "m": "more",
    "calcv": "calcvoltagebases",
    "sol": "solve",
    "redir": "redirect",
    "clearall": "clear",
}

OPTIONS = frozenset({"voltagebases", "defaultbasefrequency", "earthmodel", "loadmult"})
REFUSED_OPTIONS = {
    "cktmodel": "write the feeder with all its phases",
    "datapath": "give files relative to the script",
}

# Classes the tables have a place for, and those that describe their parts.
ELEMENTS = frozenset(
    {"circuit", "vsource", "line", "load", "transformer", "regcontrol", "capacitor", "reactor", "swtcontrol"}
)
PARTS = frozenset({"linecode", "linegeometry", "linespacing", "wiredata", "cndata", "tsdata", "xfmrcode"})
# Classes that elements may refer to by name without the power flow of a moment depending on them: defined, but empty.
CURVES = frozenset({"loadshape", "growthshape", "tshape", "priceshape", "spectrum", "tcc_curve", "xycurve"})
CURVES_OF_THE_ENGINE = frozenset(
    {
        *(
            "loadshape.default",
            "growthshape.default",
            "spectrum.default",
            "spectrum.defaultload",
            "spectrum.defaultgen",
        ),
        *("spectrum.defaultvsource", "spectrum.linear", "spectrum.pwm6", "spectrum.dc6"),
        *(f"tcc_curve.{name}" for name in ("a", "d", "tlink", "klink", "uv1547", "ov1547")),
        *(f"tcc_curve.{name}" for name in ("mod_inv", "very_inv", "ext_inv", "definite")),
    }
)
INSTRUMENTS = frozenset({"monitor", "energymeter", "sensor"})
CONTROLS = frozenset({"capcontrol", "relay", "recloser", "fuse", "invcontrol", "storagecontroller", "expcontrol"})
REFUSED_CLASSES = {
    "generator": "leave it out and declare generation on the twin's side",
    "pvsystem": "leave it out and declare photovoltaics on the twin's side",
    "storage": "leave it out; storage is not modelled",
    "fault": "leave it out; faults belong to a scenario",
    "autotrans": "write it as a transformer",
}
