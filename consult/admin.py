import consult.desk.admin
import consult.invitations.admin  # noqa: F401  (registers)
