/**
 * The GraphQL schema: the questions of the REST API, and what can be asked on from each answer.
 *
 * Boundary: the text of the schema, but for the books' types (./ledger-schema.ts); ./resolvers.ts answers it.
 */
/** Of a city and of a district alike. */
const ROLLUPS = /* GraphQL */ `
    "Hours of all its sensors together, by kind. Readings of an open hour appear as they are written."
    hourly(
      metric: String!
      kind: String
      from: DateTime
      to: DateTime
      first: Int! = 100
      after: String
    ): RollupConnection!
    "Days of a time zone, by kind. An hour belongs to the day in which it begins."
    daily(
      metric: String!
      kind: String
      "IANA time zone, or \`city\`: the registry's for the city."
      zone: String! = "UTC"
      "Inclusive; a date is one of the zone."
      from: DateTime
      "Exclusive, likewise."
      to: DateTime
      first: Int! = 100
      after: String
    ): RollupConnection!
    "Months of a time zone, by kind."
    monthly(
      metric: String!
      kind: String
      "IANA time zone, or \`city\`: the registry's for the city."
      zone: String! = "UTC"
      "Inclusive; a date is one of the zone."
      from: DateTime
      "Exclusive, likewise."
      to: DateTime
      first: Int! = 100
      after: String
    ): RollupConnection!
`;

export const typeDefs = /* GraphQL */ `
  "ISO 8601 time. Answers are in UTC; questions may have \`Z\`, an offset, or be a date (midnight UTC)."
  scalar DateTime @specifiedBy(url: "https://www.rfc-editor.org/rfc/rfc3339")
  "A day, \`2026-11-23\`."
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
    """
    What became of what the broker received in a time, as committed. An instant between two entries of the ledger stands
    for the beginning of its minute, one that has not come yet for what is committed now; each partition says its own.
    """
    ledgerOfTime("Received at or after this." from: DateTime, "Received before this." to: DateTime): LedgerOfTime!
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
    ${ROLLUPS}
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
    ${ROLLUPS}
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
    """
    Readings of the readings to be expected, from 0 to 1; of an open hour, for the part that the watermark has passed.
    Null where it is not known. Costs one question for all hours of a list.
    """
    coverage: Float
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

  "An hour, a day or a month of a city or a district, of one kind."
  type Rollup {
    city: String!
    "Null where it is a city's."
    district: String
    kind: String!
    metric: String!
    "Its beginning, where it is an hour."
    hour: DateTime
    "Where it is a day of \`zone\`."
    day: Date
    "Where it is a month of \`zone\`, \`2026-11\`."
    month: String
    "IANA time zone of a day or a month."
    zone: String
    "UTC hours that make a day or a month: 23 or 25 where the clocks change; readings or not."
    hours: Int
    count: SafeInt!
    "Null where it overflowed."
    sum: Float
    min: Float!
    max: Float!
    mean: Float
    "Distinct sensors; one name in two districts is two."
    sensors: SafeInt!
    "A day or a month is final when its last hour is."
    status: Status!
    revision: SafeInt!
    """
    Sensors with readings of the sensors known, over the hours that are over, from 0 to 1; null where none is over.
    Costs one question for all rows of a list.
    """
    coverage: Float
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
`;
