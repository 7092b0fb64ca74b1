"""OpenSLO v1 → service levels: `load_slos(paths, contracts)`."""

from observer.config.openslo.load import LoadedSlos as LoadedSlos
from observer.config.openslo.load import load_slos as load_slos
