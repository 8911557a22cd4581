import consult.away.admin
import consult.desk.admin
import consult.invitations.admin
import consult.reports.admin  # noqa: F401  (registers)
