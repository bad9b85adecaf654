"""All experiments, in the order in which they run.

Those that may leave a role that IAM does not delete come last.
"""

from tests.integ.experiments import ivs, lifecycle, logs, messaging, roles, voice

ALL = (
    *roles.ALL,
    *voice.ALL,
    *messaging.ALL,
    *ivs.ALL,
    *logs.ALL,
    *lifecycle.TAGS,
    *lifecycle.DELETED,
)
