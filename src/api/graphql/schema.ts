/**
 * The GraphQL schema: the questions of the REST API, and what can be asked on from each answer.
 *
 * Boundary: the text of the schema; ./resolvers.ts answers it.
 */
export const typeDefs = /* GraphQL */ `
  "ISO 8601 time. Answers are in UTC; questions may have \`Z\`, an offset, or be a date (midnight UTC)."
  scalar DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339")
  "A UTC day, \`2026-11-23\`."
  scalar Date
  "A whole number up to 2^53."
  scalar SafeInt

  type Query {
    "Cities with readings."
    cities(first: Int! = 100, after: String): CityConnection!
    "Null where nothing is known of the city."
    city(city: String!): City
    districts(city: String!, first: Int! = 100, after: String): DistrictConnection!
    "Sensors and what they measure."
    sensors(
      city: String
      district: String
      kind: String
      metric: String
      first: Int! = 100
      after: String
    ): SeriesConnection!
    "Hours of single sensors in the order of city, district, kind, metric, sensor and hour, the open hour included."
    hourly(
      city: String
      district: String
      kind: String
      sensor: String
      metric: String
      "Inclusive."
      from: DateTime
      "Exclusive."
      to: DateTime
      first: Int! = 100
      after: String
    ): HourConnection!
    "What became of every message and every reading since the stream was created."
    ledger: Ledger!
    "Up to when hours are final."
    progress: Progress!
  }

  type Subscription {
    """
    Open hours of a city's districts as they grow, and once more when they are final; the newest figures of each, at
    most once a second. A slow client is sent none of those in between.
    """
    liveHours(city: String!, district: String, kind: String, metric: String): LiveHour!
  }

  "An hour of one (district, kind, metric) while it is open, and when it becomes final."
  type LiveHour {
    city: String!
    district: String!
    kind: String!
    metric: String!
    "Its beginning."
    hour: DateTime!
    count: SafeInt!
    "Null where it overflowed."
    sum: Float
    min: Float!
    max: Float!
    mean: Float
    "Distinct sensors; null while the hour is open."
    sensors: SafeInt
    status: Status!
    "Least committed watermark of all partitions when this was said."
    watermark: DateTime!
  }

  type PageInfo {
    hasNextPage: Boolean!
    "Always false: pages are read forwards."
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  type Progress {
    "Least committed watermark of all partitions."
    watermark: DateTime!
    "Hours that end at or before this are final."
    finalThrough: DateTime!
  }

  "Degrees, WGS 84."
  type Position {
    longitude: Float!
    latitude: Float!
    "Metres."
    altitude: Float
  }

  type City {
    city: String!
    "What people call it; null where nobody has registered it."
    name: String
    "IANA time zone; null where nobody has registered it."
    timeZone: String
    districtCount: SafeInt!
    "One name in two districts is two sensors."
    sensorCount: SafeInt!
    districts(first: Int! = 100, after: String): DistrictConnection!
    "Hours of all its sensors together, by kind. Readings of an open hour appear as they are written."
    hourly(
      metric: String!
      kind: String
      from: DateTime
      to: DateTime
      first: Int! = 100
      after: String
    ): RollupConnection!
    "UTC days, by kind."
    daily(
      metric: String!
      kind: String
      from: DateTime
      to: DateTime
      first: Int! = 100
      after: String
    ): RollupConnection!
  }
  type CityConnection {
    edges: [CityEdge!]!
    nodes: [City!]!
    pageInfo: PageInfo!
  }
  type CityEdge {
    cursor: String!
    node: City!
  }

  type District {
    city: String!
    district: String!
    "What people call it; null where nobody has registered it."
    name: String
    kinds: [String!]!
    metrics: [String!]!
    sensorCount: SafeInt!
    sensors(kind: String, metric: String, first: Int! = 100, after: String): SeriesConnection!
    "Hours of all its sensors together, by kind. Readings of an open hour appear as they are written."
    hourly(
      metric: String!
      kind: String
      from: DateTime
      to: DateTime
      first: Int! = 100
      after: String
    ): RollupConnection!
    "UTC days, by kind."
    daily(
      metric: String!
      kind: String
      from: DateTime
      to: DateTime
      first: Int! = 100
      after: String
    ): RollupConnection!
  }
  type DistrictConnection {
    edges: [DistrictEdge!]!
    nodes: [District!]!
    pageInfo: PageInfo!
  }
  type DistrictEdge {
    cursor: String!
    node: District!
  }

  enum HourOrder {
    OLDEST_FIRST
    NEWEST_FIRST
  }

  "What one sensor measures of one metric."
  type Series {
    city: String!
    district: String!
    kind: String!
    sensor: String!
    metric: String!
    "The first reading's own time."
    firstSeen: DateTime!
    "The last reading's own time."
    lastSeen: DateTime!
    "What people call the sensor; null where nobody has registered it."
    name: String
    owner: String
    location: Position
    "UCUM code of the metric; null where none is known."
    unit: String
    "Its hours, the open one included."
    hourly(
      from: DateTime
      to: DateTime
      order: HourOrder! = OLDEST_FIRST
      first: Int! = 100
      after: String
    ): HourConnection!
  }
  type SeriesConnection {
    edges: [SeriesEdge!]!
    nodes: [Series!]!
    pageInfo: PageInfo!
  }
  type SeriesEdge {
    cursor: String!
    node: Series!
  }

  enum Status {
    "Late readings may still correct it; then its revision rises."
    FINAL
    PROVISIONAL
  }

  "The figures of one sensor's hour."
  type Hour {
    city: String!
    district: String!
    kind: String!
    sensor: String!
    metric: String!
    "Its beginning."
    hour: DateTime!
    count: SafeInt!
    "Null where it overflowed."
    sum: Float
    min: Float!
    max: Float!
    mean: Float
    status: Status!
    "Blocks of late readings that corrected the hour."
    revision: SafeInt!
  }
  type HourConnection {
    edges: [HourEdge!]!
    nodes: [Hour!]!
    pageInfo: PageInfo!
  }
  type HourEdge {
    cursor: String!
    node: Hour!
  }

  "An hour or a UTC day of a city or a district, of one kind."
  type Rollup {
    city: String!
    "Null where it is a city's."
    district: String
    kind: String!
    metric: String!
    "Its beginning, where it is an hour."
    hour: DateTime
    "Where it is a day."
    day: Date
    count: SafeInt!
    "Null where it overflowed."
    sum: Float
    min: Float!
    max: Float!
    mean: Float
    "Distinct sensors; one name in two districts is two."
    sensors: SafeInt!
    "A day is final when its last hour is."
    status: Status!
    revision: SafeInt!
  }
  type RollupConnection {
    edges: [RollupEdge!]!
    nodes: [Rollup!]!
    pageInfo: PageInfo!
  }
  type RollupEdge {
    cursor: String!
    node: Rollup!
  }

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
