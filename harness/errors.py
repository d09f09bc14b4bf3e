"""The two kinds of error we raise. Interference is never one of them: it is data."""


class HarnessError(Exception):
    """Something that keeps a run from being made, said in one line with its remedy."""


class ScenarioError(HarnessError):
    """The user's file cannot be understood; the text is `file:line:col: what is wrong; what to write`."""


class ApparatusError(HarnessError):
    """Our own lab, engine or control equipment failed; nothing is known about the network."""
