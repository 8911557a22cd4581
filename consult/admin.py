import consult.desk.admin  # noqa: F401  (registers)
