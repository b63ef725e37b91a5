"""The door through which other processes of this machine ask the running monitor, and follow it.

`door` is the monitor's side, behind which `reception` answers; `client` is the side of those who ask.
"""

from monitor.control.client import NoMonitorError, ask, follow, inquire
from monitor.control.documents import (
    LONGEST_COMMENT,
    LONGEST_IDEMPOTENCY_KEY,
    LONGEST_WORDS,
    Answer,
    Request,
    alarm_order_request,
    notification_test_request,
    order_request,
    posts_request,
    reports_request,
)
from monitor.control.door import SOCKET_NAME, control_door

__all__ = [
    "LONGEST_COMMENT",
    "LONGEST_IDEMPOTENCY_KEY",
    "LONGEST_WORDS",
    "SOCKET_NAME",
    "Answer",
    "NoMonitorError",
    "Request",
    "alarm_order_request",
    "ask",
    "control_door",
    "follow",
    "inquire",
    "notification_test_request",
    "order_request",
    "posts_request",
    "reports_request",
]
