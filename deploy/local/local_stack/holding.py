"""Who answers or listens on a port of ours, going by the processes of this machine."""

import psutil


def answers_for(pid: int, kept: int) -> bool:
    """Say whether the process that answered is the kept one, or came from it by a launcher."""
    if pid == kept:
        return True
    try:
        return kept in {parent.pid for parent in psutil.Process(pid).parents()}
    except psutil.Error:
        return False


def taken(port: int, kept: int) -> str:
    """Return which port is taken by whom; empty when nobody but the kept process listens."""
    try:
        listening = [
            connection.pid
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
            and connection.laddr
            and connection.laddr.port == port
        ]
    except psutil.Error:
        return ""
    for pid in listening:
        # Without a pid it is a process of another user.
        if pid is None or not answers_for(pid, kept):
            return f"port {port} is taken by {_described(pid)}"
    return ""


def _described(pid: int | None) -> str:
    if pid is None:
        return "a process of another user"
    try:
        process = psutil.Process(pid)
        return f"process {pid} ({' '.join(process.cmdline()[:4])}, in {process.cwd()})"
    except psutil.Error:
        return f"process {pid}"
