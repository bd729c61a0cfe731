"""The GraphQL operations that this adapter sends: fields and arguments are those that wandb 0.31 itself uses."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ADD_ALIASES",
    "ARTIFACT",
    "COLLECTION",
    "COLLECTIONS",
    "COMMIT_ARTIFACT",
    "CREATE_ARTIFACT",
    "CREATE_ARTIFACT_FILES",
    "CREATE_MANIFEST",
    "CREATE_RUN_FILES",
    "DELETE_ALIASES",
    "DELETE_FILES",
    "DELETE_RUN",
    "EVENTS",
    "FEATURES",
    "FILE",
    "HISTORY",
    "LINK_ARTIFACT",
    "LOGGED_RECORDS",
    "MARK_FILES",
    "ORGANIZATION",
    "OUTPUTS",
    "OUTPUTS_OF_RUNS",
    "OUTPUT_LINKS",
    "PARQUET",
    "PROJECT",
    "PROJECTS",
    "RUN",
    "RUNS",
    "RUN_FILES",
    "RUN_LINES",
    "UNLINK_ARTIFACT",
    "UPDATE_ARTIFACT",
    "UPSERT_PROJECT",
    "UPSERT_RUN",
    "USED_RECORDS",
    "USE_ARTIFACT",
    "VERSIONS",
    "VIEWER",
]

# Accounts and projects

VIEWER: Final = "query Viewer { viewer { id entity username email teams { edges { node { name } } } } }"

FEATURES: Final = "query ServerFeaturesQuery { serverInfo { features { name isEnabled } } }"

ORGANIZATION: Final = """
query FetchOrgInfoFromEntity($entity: String!) {
  entity(name: $entity) {
    organization { name orgEntity { name } }
    user { organizations { name orgEntity { name } } }
  }
}"""

PROJECT: Final = """
query GetProject($name: String!, $entity: String!) {
  project(name: $name, entityName: $entity) { id name description createdAt }
}"""

PROJECTS: Final = """
query GetProjects($entity: String, $cursor: String, $perPage: Int = 50) {
  models(entityName: $entity, after: $cursor, first: $perPage) {
    pageInfo { endCursor hasNextPage }
    edges { node { id name createdAt } }
  }
}"""

UPSERT_PROJECT: Final = """
mutation CreateProject($input: UpsertModelInput!) {
  result: upsertModel(input: $input) { project { id name } inserted }
}"""

# Runs

_RUN: Final = """
fragment RunFragment on Run {
  id tags name displayName sweepName state config group jobType commit createdAt heartbeatAt notes
  summaryMetrics historyLineCount user { name username } historyKeys
}"""

RUN: Final = (
    """
query Run($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) { internalId run(name: $name) { projectId ...RunFragment } }
}"""
    + _RUN
)

RUNS: Final = (
    """
query Runs($project: String!, $entity: String!, $cursor: String, $perPage: Int = 50, $order: String,
           $filters: JSONString) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
      edges { node { projectId ...RunFragment } cursor }
      pageInfo { endCursor hasNextPage }
    }
  }
}"""
    + _RUN
)

RUN_LINES: Final = """
query RunResumeStatus($project: String, $entity: String, $name: String!) {
  model(name: $project, entityName: $entity) {
    bucket(name: $name, missingOk: true) { id name config summaryMetrics historyLineCount tags }
  }
}"""

UPSERT_RUN: Final = """
mutation UpsertBucket($name: String, $project: String, $entity: String, $groupName: String, $displayName: String,
                      $notes: String, $config: JSONString, $host: String, $program: String, $jobType: String,
                      $tags: [String!], $summaryMetrics: JSONString) {
  upsertBucket(input: {name: $name, groupName: $groupName, modelName: $project, entityName: $entity,
                       displayName: $displayName, notes: $notes, config: $config, host: $host,
                       jobProgram: $program, jobType: $jobType, tags: $tags, summaryMetrics: $summaryMetrics}) {
    bucket { id name project { id name } historyLineCount }
    inserted
  }
}"""

DELETE_RUN: Final = """
mutation DeleteRun($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"""

HISTORY: Final = """
query HistoryPage($entity: String!, $project: String!, $run: String!, $minStep: Int64!, $maxStep: Int64!,
                  $pageSize: Int!) {
  project(name: $project, entityName: $entity) {
    run(name: $run) { history(minStep: $minStep, maxStep: $maxStep, samples: $pageSize) }
  }
}"""

PARQUET: Final = """
query RunParquetHistory($entity: String!, $project: String!, $runName: String!, $liveKeys: [String!]!) {
  project(name: $project, entityName: $entity) {
    run(name: $runName) { parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData } }
  }
}"""

EVENTS: Final = """
query RunEvents($entity: String!, $project: String!, $run: String!, $samples: Int) {
  project(name: $project, entityName: $entity) { run(name: $run) { eventsLineCount events(samples: $samples) } }
}"""

# Files of runs, and what was logged as artifacts

_SOURCE: Final = """
fragment SourceFragment on Artifact {
  id state versionIndex metadata artifactType { name }
  artifactSequence { name project { name entity { name } } }
  currentManifest { file { directUrl } }
}"""

_OUTPUTS: Final = (
    """
fragment OutputsFragment on ArtifactConnection {
  pageInfo { endCursor hasNextPage }
  edges { node { ...SourceFragment } }
}"""
    + _SOURCE
)

RUN_FILES: Final = (
    """
query RunFiles($project: String!, $entity: String!, $name: String!, $fileCursor: String, $fileLimit: Int = 50,
               $fileNames: [String] = [], $pattern: String, $outputs: Int = 0, $withOutputs: Boolean = false) {
  project(name: $project, entityName: $entity) {
    internalId
    run(name: $name) {
      files(names: $fileNames, after: $fileCursor, first: $fileLimit, pattern: $pattern) {
        edges { node { id name directUrl sizeBytes md5 } cursor }
        pageInfo { endCursor hasNextPage }
      }
      artifacts: outputArtifacts(first: $outputs) @include(if: $withOutputs) { ...OutputsFragment }
    }
  }
}"""
    + _OUTPUTS
)

CREATE_RUN_FILES: Final = """
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) {
    runID uploadHeaders files { name uploadUrl }
  }
}"""

MARK_FILES: Final = """
mutation MarkRunFilesUploaded($entity: String!, $project: String!, $run: String!, $files: [String!]!) {
  markRunFilesUploaded(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) { success }
}"""

DELETE_FILES: Final = """
mutation deleteFiles($files: [ID!]!, $projectId: Int) {
  deleteFiles(input: {files: $files, projectId: $projectId}) { success }
}"""

# Artifacts

CREATE_ARTIFACT: Final = """
mutation CreateArtifact($input: CreateArtifactInput!) {
  createArtifact(input: $input) { artifact { id state artifactSequence { latestArtifact { id } } } }
}"""

CREATE_MANIFEST: Final = """
mutation CreateArtifactManifest($artifactID: ID!, $name: String!, $digest: String!, $entityName: String!,
                                $projectName: String!, $runName: String!, $manifestType: ArtifactManifestType!,
                                $includeUpload: Boolean!) {
  createArtifactManifest(input: {artifactID: $artifactID, name: $name, digest: $digest, entityName: $entityName,
                                 projectName: $projectName, runName: $runName, type: $manifestType}) {
    artifactManifest {
      id
      file { id uploadUrl @include(if: $includeUpload) uploadHeaders @include(if: $includeUpload) }
    }
  }
}"""

CREATE_ARTIFACT_FILES: Final = """
mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) {
    files { edges { node { storagePath uploadUrl uploadHeaders artifact { id } } } }
  }
}"""

COMMIT_ARTIFACT: Final = """
mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } }
}"""

USE_ARTIFACT: Final = """
mutation UseArtifact($input: UseArtifactInput!) { useArtifact(input: $input) { artifact { id } } }"""

LINK_ARTIFACT: Final = """
mutation LinkArtifact($artifactPortfolioName: String!, $entityName: String!, $projectName: String!,
                      $aliases: [ArtifactAliasInput!], $artifactId: ID) {
  linkArtifact(input: {artifactPortfolioName: $artifactPortfolioName, entityName: $entityName,
                       projectName: $projectName, aliases: $aliases, artifactID: $artifactId}) {
    versionIndex
  }
}"""

UNLINK_ARTIFACT: Final = """
mutation UnlinkArtifact($input: UnlinkArtifactInput!) { result: unlinkArtifact(input: $input) { success } }"""

UPDATE_ARTIFACT: Final = """
mutation UpdateArtifact($input: UpdateArtifactInput!) { result: updateArtifact(input: $input) { artifact { id } } }"""

ADD_ALIASES: Final = """
mutation AddAliases($input: AddAliasesInput!) { result: addAliases(input: $input) { success } }"""

DELETE_ALIASES: Final = """
mutation DeleteAliases($input: DeleteAliasesInput!) { result: deleteAliases(input: $input) { success } }"""

COLLECTION: Final = """
query ProjectArtifactCollection($entity: String!, $project: String!, $type: String!, $name: String!) {
  project(entityName: $entity, name: $project) {
    artifactType(name: $type) { artifactCollection(name: $name) { __typename id name description createdAt } }
  }
}"""

VERSIONS: Final = """
query ProjectArtifacts($entity: String!, $project: String!, $type: String!, $collection: String!, $cursor: String,
                       $perPage: Int = 50, $order: String, $filters: JSONString, $sources: Boolean = false) {
  project(entityName: $entity, name: $project) {
    artifactType(name: $type) {
      artifactCollection(name: $collection) {
        __typename
        artifacts(after: $cursor, first: $perPage, order: $order, filters: $filters) {
          pageInfo { endCursor hasNextPage }
          edges {
            version
            node {
              id metadata description state digest createdAt
              tags { name }
              aliases { alias artifactCollection { name project { name entity { name } } } }
              versionIndex @include(if: $sources)
              artifactSequence @include(if: $sources) { name project { name entity { name } } }
              createdBy @include(if: $sources) {
                __typename ... on Run { name project { name entity { name } } }
              }
            }
          }
        }
      }
    }
  }
}"""

COLLECTIONS: Final = """
query ProjectArtifactCollections($entity: String!, $project: String!, $cursor: String, $perPage: Int) {
  project(entityName: $entity, name: $project) {
    artifactCollections(after: $cursor, first: $perPage) {
      pageInfo { endCursor hasNextPage }
      edges { node { __typename id name description createdAt type: defaultArtifactType { name } } }
    }
  }
}"""

OUTPUTS: Final = (
    """
query RunOutputArtifacts($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int) {
  project(entityName: $entity, name: $project) {
    run(name: $run) { artifacts: outputArtifacts(after: $cursor, first: $perPage) { ...OutputsFragment } }
  }
}"""
    + _OUTPUTS
)

_RECORDS: Final = (
    """
fragment RecordsFragment on ArtifactConnection {
  pageInfo { endCursor hasNextPage }
  edges {
    node {
      description digest createdAt tags { name }
      aliases { alias artifactCollection { __typename name project { name entity { name } } } }
      ...SourceFragment
    }
  }
}"""
    + _SOURCE
)

LOGGED_RECORDS: Final = (
    """
query RunLoggedRecords($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int) {
  project(entityName: $entity, name: $project) {
    run(name: $run) { artifacts: outputArtifacts(after: $cursor, first: $perPage) { ...RecordsFragment } }
  }
}"""
    + _RECORDS
)

USED_RECORDS: Final = (
    """
query RunUsedRecords($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int) {
  project(entityName: $entity, name: $project) {
    run(name: $run) { artifacts: inputArtifacts(after: $cursor, first: $perPage) { ...RecordsFragment } }
  }
}"""
    + _RECORDS
)

OUTPUTS_OF_RUNS: Final = (
    """
query RunsOutputArtifacts($entity: String!, $project: String!, $filters: JSONString, $cursor: String, $perPage: Int,
                          $order: String, $outputs: Int) {
  project(entityName: $entity, name: $project) {
    runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
      edges { node { name artifacts: outputArtifacts(first: $outputs) { ...OutputsFragment } } }
      pageInfo { endCursor hasNextPage }
    }
  }
}"""
    + _OUTPUTS
)

OUTPUT_LINKS: Final = """
query RunOutputLinks($entity: String!, $project: String!, $run: String!, $cursor: String, $perPage: Int) {
  project(entityName: $entity, name: $project) {
    run(name: $run) {
      artifacts: outputArtifacts(after: $cursor, first: $perPage) {
        pageInfo { endCursor hasNextPage }
        edges {
          node {
            id
            artifactMemberships {
              edges { node { artifactCollection { __typename name project { name entity { name } } } } }
            }
          }
        }
      }
    }
  }
}"""

ARTIFACT: Final = (
    """
query ArtifactByID($id: ID!) { artifact(id: $id) { ...SourceFragment } }"""
    + _SOURCE
)

# A file of a run, and one of a version of an artifact that would be shown in its place, in one request.
FILE: Final = """
query RunOrArtifactFile($entity: String!, $project: String!, $run: String!, $names: [String], $owner: String!,
                        $home: String!, $collection: String!, $alias: String!, $paths: [String!]) {
  project(entityName: $entity, name: $project) {
    run(name: $run) { files(names: $names, first: 1) { edges { node { name directUrl sizeBytes } } } }
  }
  home: project(entityName: $owner, name: $home) {
    artifactCollection(name: $collection) {
      __typename
      artifactMembership(aliasName: $alias) {
        artifact { id state }
        files(names: $paths, first: 1) { edges { node { name directUrl sizeBytes } } }
      }
    }
  }
}"""
