"""Where a handler tells how it fares: the standard logger `jackfield`."""

import logging

log = logging.getLogger("jackfield")
