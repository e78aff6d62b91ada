"""Embeds and clusters samples, and checks what the clusters follow: the group, or the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from tools.statistics.design import require_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from matplotlib.figure import Figure

PCA_KEY, CLUSTER = "X_pca", "cluster"
_NEIGHBOURS = 15


def embed_samples(data: AnnData, components: int = 20, seed: int = 0) -> AnnData:
    """Project the samples on the principal components of their standardised features.

    Refuses: missing values
    Produces: embedded
    Seconds: 60
    Library: scikit-learn
    """
    import numpy as np
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    values = np.asarray(data.X, dtype=float)
    varying = values[:, values.std(axis=0) > 0]
    if min(varying.shape) < 2:
        raise ValueError(f"{varying.shape[1]} features vary in {len(values)} samples: nothing to embed")
    scaled = StandardScaler().fit_transform(varying)
    data.obsm[PCA_KEY] = PCA(n_components=min(components, *scaled.shape), random_state=seed).fit_transform(scaled)
    return data


def cluster_samples(
    data: AnnData, method: Literal["k_means", "louvain", "leiden"] = "k_means", clusters: int = 3, seed: int = 0
) -> AnnData:
    """Cluster the samples in the embedding: into `clusters` by k-means, or by communities of the neighbour graph
    (louvain by networkx; leiden where leidenalg, which is under the GPL, is installed).

    A cluster is no subtype and no diagnosis: ask `cluster_association` what it follows.

    Requires: embedded
    Produces: clustered
    Seconds: 60
    Library: scikit-learn, networkx
    """
    if PCA_KEY not in data.obsm:
        raise ValueError("the samples are not embedded: call embed_samples first")
    points = data.obsm[PCA_KEY]
    if not 2 <= clusters < len(points):
        raise ValueError(f"{clusters} clusters of {len(points)} samples can't be made")
    data.obs[CLUSTER] = [f"cluster {label}" for label in _METHODS[method](points, clusters, seed)]
    data.obs[CLUSTER] = data.obs[CLUSTER].astype("category")
    return data


def _k_means(points: np.ndarray, clusters: int, seed: int) -> list[int]:
    from sklearn.cluster import KMeans

    return [int(label) + 1 for label in KMeans(clusters, n_init=10, random_state=seed).fit_predict(points)]


def _louvain(points: np.ndarray, clusters: int, seed: int) -> list[int]:
    import networkx
    from sklearn.neighbors import kneighbors_graph

    neighbours = kneighbors_graph(points, min(_NEIGHBOURS, len(points) - 1))
    graph = networkx.from_scipy_sparse_array(neighbours.maximum(neighbours.T))
    labels = [0] * len(points)
    for label, members in enumerate(networkx.community.louvain_communities(graph, seed=seed), 1):
        for member in members:
            labels[member] = label
    return labels


def _leiden(points: np.ndarray, clusters: int, seed: int) -> list[int]:
    try:
        import igraph
        import leidenalg
    except ImportError:
        raise ValueError(
            "leiden needs leidenalg, which is not installed: pip install 'pelagos[analysis-gpl]', or take louvain"
        ) from None
    from sklearn.neighbors import kneighbors_graph

    neighbours = kneighbors_graph(points, min(_NEIGHBOURS, len(points) - 1))
    graph = igraph.Graph.Adjacency(neighbours.maximum(neighbours.T).toarray().tolist(), mode="undirected")
    found = leidenalg.find_partition(graph, leidenalg.ModularityVertexPartition, seed=seed)
    return [int(label) + 1 for label in found.membership]


_METHODS = {"k_means": _k_means, "louvain": _louvain, "leiden": _leiden}


def cluster_association(
    data: AnnData,
    group: Annotated[str, "group"],
    batch: Annotated[str | None, "batch"] = None,
    others: Annotated[list[str], "column"] = (),  # type: ignore[assignment]
) -> pd.DataFrame:
    """Test whether the clusters follow the group, the batch or other columns.

    The effect is the adjusted Rand index; p is of the chi-square test. `follows` names the column with the largest
    index: where it is the batch, the clusters say nothing about the group.

    Relation: cluster ~ group
    Requires: clustered
    Produces: statistics
    Seconds: 20
    Library: scikit-learn, scipy
    """
    import pandas as pd

    columns = list(dict.fromkeys([group, *([batch] if batch else []), *others]))
    require_columns(data.obs, [CLUSTER, *columns])
    rows = pd.DataFrame([_associate(data.obs, column) for column in columns])
    return rows.assign(unit="adjusted Rand index", follows=rows.loc[rows["effect"].idxmax(), "entity"])


def _associate(obs: pd.DataFrame, column: str) -> dict[str, Any]:
    import numpy as np
    import pandas as pd
    from scipy.stats import chi2_contingency
    from sklearn.metrics import adjusted_rand_score

    known = obs[[CLUSTER, column]].dropna().astype(str)
    if known[column].nunique() < 2 or known[CLUSTER].nunique() < 2:
        raise ValueError(f"column {column} or the clusters have one level only")
    if known[column].nunique() > len(known) / 2:
        raise ValueError(f"column {column} has {known[column].nunique()} levels for {len(known)} samples: is it an id?")
    test = chi2_contingency(pd.crosstab(known[CLUSTER], known[column]))
    return {
        "entity": column, "effect": adjusted_rand_score(known[column], known[CLUSTER]), "low": np.nan, "high": np.nan,
        "statistic": np.nan, "df": np.nan, "p": test.pvalue, "n": len(known), "chi2": test.statistic,
    }  # fmt: skip


def draw_cluster_association(data: AnnData, table: pd.DataFrame) -> Figure:
    """Draw the embedding, coloured by the clusters and by each column that was asked about."""
    from tools.statistics.embedding import draw_by_columns

    return draw_by_columns(data.obsm[PCA_KEY], data.obs[[CLUSTER, *sorted(table["entity"])]])
