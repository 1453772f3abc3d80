/** The GraphQL types of the books: now, and of a time. Boundary: text; ./schema.ts has the questions. */
export const ledgerTypeDefs = /* GraphQL */ `
  type Ledger {
    "Every partition is known and balances."
    balanced: Boolean!
    "Messages missing in the stream, all partitions together; null where that cannot be told now."
    missing: SafeInt
    "What does not agree and is no single partition's."
    problems: [String!]!
    partitions: [PartitionBook!]!
  }
  type PartitionBook {
    partition: Int!
    "Null: no worker answers for it, and its books are not known."
    owner: String
    messages: MessageCounts!
    "counted = sealed (in blocks) + open (in memory)."
    readings: ReadingCounts!
    "Readings in the hours of sensors and in the rollups."
    table: TableCounts!
    "Messages of its own that are missing in the stream; null: some may be, how many cannot be told."
    gaps: SafeInt
    "No block waits for the database: the table must have all that is sealed."
    settled: Boolean!
    "What does not agree, in words."
    problems: [String!]!
    balanced: Boolean!
  }
  type LedgerOfTime {
    "What the broker received from \`from\` to before \`to\` is in every partition's figures."
    from: DateTime!
    to: DateTime!
    "Every partition is known and balances."
    balanced: Boolean!
    "Messages missing in the stream, all partitions together; null where that cannot be told now."
    missing: SafeInt
    "What does not agree and is no single partition's."
    problems: [String!]!
    partitions: [PartitionBookOfTime!]!
  }
  type PartitionBookOfTime {
    partition: Int!
    from: DateTime!
    to: DateTime!
    messages: MessageCounts!
    readings: ReadingCountsOfTime!
    "Messages of its own that are missing in the stream; null: some may be, how many cannot be told."
    gaps: SafeInt
    "What does not agree, in words."
    problems: [String!]!
    balanced: Boolean!
  }
  type ReadingCountsOfTime {
    counted: SafeInt!
    late: SafeInt!
    rejected: SafeInt!
  }
  type MessageCounts {
    taken: SafeInt!
    used: SafeInt!
    duplicate: SafeInt!
    rejected: SafeInt!
  }
  type ReadingCounts {
    counted: SafeInt!
    late: SafeInt!
    rejected: SafeInt!
    sealed: SafeInt!
    open: SafeInt!
  }
  type TableCounts {
    hourly: SafeInt!
    districts: SafeInt!
  }
`;
