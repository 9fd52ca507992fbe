"""Whether a hosted server is set up safely: found out before it serves anybody."""

from backend_functions.setup_checks.finding import Finding
from backend_functions.setup_checks.run import UnsafeSetup, check_setup, require_safe_setup

__all__ = ["Finding", "UnsafeSetup", "check_setup", "require_safe_setup"]
