"""The public names, one a line with the module that it comes from; `__init__.py` reads them here."""

from memdojo import register as register
from memdojo.deploy.memory_agent import AgentAnswer as AgentAnswer
from memdojo.deploy.memory_agent import MemoryAgent as MemoryAgent
from memdojo.deploy.open_memory import open_memory as open_memory
from memdojo.envs.episodes.context import StreamContext as StreamContext
from memdojo.envs.episodes.manager import ManagerEpisode as ManagerEpisode
from memdojo.envs.episodes.retrieval import RetrievalEpisode as RetrievalEpisode
from memdojo.envs.gym.checker import check_memory_env as check_memory_env
from memdojo.envs.gym.registration import register_env as register_env
from memdojo.envs.memory.design_operations import Invalidate as Invalidate
from memdojo.envs.memory.design_operations import Link as Link
from memdojo.envs.memory.design_operations import Merge as Merge
from memdojo.envs.memory.design_operations import Tag as Tag
from memdojo.envs.memory.design_operations import Value as Value
from memdojo.envs.memory.store import MemoryStore as MemoryStore
from memdojo.envs.streams.registry import list_sources as list_sources
from memdojo.envs.streams.registry import load_streams as load_streams
from memdojo.envs.streams.registry import register_source as register_source
from memdojo.envs.types import Add as Add
from memdojo.envs.types import Capacity as Capacity
from memdojo.envs.types import Chunk as Chunk
from memdojo.envs.types import Delete as Delete
from memdojo.envs.types import MemoryEntry as MemoryEntry
from memdojo.envs.types import Noop as Noop
from memdojo.envs.types import Operation as Operation
from memdojo.envs.types import OperationResult as OperationResult
from memdojo.envs.types import OperationStatus as OperationStatus
from memdojo.envs.types import Question as Question
from memdojo.envs.types import Rewrite as Rewrite
from memdojo.envs.types import Stream as Stream
from memdojo.envs.types import Turn as Turn
from memdojo.envs.types import Update as Update
from memdojo.envs.types import WhenFull as WhenFull
from memdojo.errors import MemdojoError as MemdojoError
from memdojo.eval.report import EvalReport as EvalReport
from memdojo.evaluation import EvalChoices as EvalChoices
from memdojo.evaluation import evaluate as evaluate
from memdojo.rewards import Reward as Reward
from memdojo.rewards import register_reward_part as register_reward_part
from memdojo.train.checkpoints.loading import load_policy as load_policy

__version__: str
