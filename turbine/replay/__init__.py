"""Turbines that repeat what a SCADA file says happened; importing this package loads nothing else."""
