"""A real Slurm of two nodes on this machine, for one test: munged, slurmctld, two slurmd.

Everything it keeps is in one folder; its ports are free ones; it is gone when the `with`
ends. Root, or nothing: slurmd starts jobs as the users who submitted them.
"""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager, suppress

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "scontrol")

CONF = """\
ClusterName=test
SlurmctldHost={host}
SlurmUser=root
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
ReturnToService=2
SlurmdTimeout=10
KillWait=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,bf_interval=1
MaxArraySize=20001
NodeName=one NodeHostname={host} Port={ports[1]} CPUs=1
NodeName=two NodeHostname={host} Port={ports[2]} CPUs=1
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def lacks():
    """What is missing for a cluster here; nothing if it can be."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path="/usr/sbin:/usr/bin")]
    return missing or (["root"] if os.geteuid() else [])


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.create_server(("localhost", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """A running cluster; `environment` is what sbatch and the others need to find it."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = {}
        self.environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf"),
                                         "PATH": "/usr/sbin:/usr/bin"}

    def start(self, name, *command):
        """Starts a daemon that stays in the foreground, and in our care."""
        with open(self.folder / f"{name}.out", "wb") as output:
            self.daemons[name] = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True)

    def start_node(self, name):
        self.start(name, "slurmd", "-D", "-N", name)

    def kill_node(self, name):
        """As when the power goes: the daemon is gone, its jobs do not know yet."""
        self.daemons[name].kill()
        self.daemons.pop(name).wait()

    def ask(self, *command):
        """What a Slurm command says."""
        return subprocess.run(command, env=self.environment, text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout

    def ready(self):
        """Waits, asking again and again, until both nodes are idle."""
        for _ in range(200):
            said = self.ask("sinfo", "--noheader", "-N", "-o", "%N %t")
            if said.count("idle") == 2:
                return
            for name, daemon in self.daemons.items():
                assert daemon.poll() is None, (name, (self.folder / f"{name}.out").read_text())
            select_nothing(0.1)
        raise AssertionError(said)


def select_nothing(seconds):
    """Lets others work between two questions."""
    import select
    select.select([], [], [], seconds)


@contextmanager
def cluster(folder):
    """Starts a Cluster that keeps everything in `folder`."""
    for name in ("state", "spool-one", "spool-two"):
        (folder / name).mkdir(parents=True)
    host = socket.gethostname().split(".")[0]
    (folder / "slurm.conf").write_text(
        CONF.format(host=host, folder=folder, ports=free_ports(3)))
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    it = Cluster(folder)
    try:
        it.start("munged", "munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
                 f"--key-file={key}", f"--pid-file={folder}/munge.pid",
                 f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed")
        it.start("slurmctld", "slurmctld", "-D", "-c")
        for name in ("one", "two"):
            it.start_node(name)
        it.ready()
        yield it
    finally:
        it.ask("scancel", "--user=root")
        for daemon in reversed(it.daemons.values()):
            with suppress(ProcessLookupError):
                daemon.send_signal(signal.SIGTERM)
        for daemon in it.daemons.values():
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(10)
            daemon.kill()
            daemon.wait()
