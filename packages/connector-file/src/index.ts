export type { WrittenLength } from './sink/file-partition.ts'
export type { CompleteFile, RolledFiles } from './sink/rolling-partition.ts'
export type { StagedLength } from './sink/staged-file-partition.ts'
export { type ConsoleOptions, toConsole } from './sink/to-console.ts'
export { type FileLines, type ToFileOptions, toFile, toFiles, toNdjsonFile } from './sink/to-file.ts'
export { type RollingFilesOptions, toRollingFiles } from './sink/to-rolling-files.ts'
export { csvFile } from './source/csv-file.ts'
export type { CsvOptions } from './source/csv-parser.ts'
export type { FileOptions } from './source/file-options.ts'
export type { FileIdentity, FilePosition } from './source/file-position.ts'
export type { Paths } from './source/file-source.ts'
export { type FileSet, type FilesInOptions, filesIn } from './source/files-in.ts'
export type { LineOptions } from './source/line-parser.ts'
export { ndjsonFile } from './source/ndjson-file.ts'
export { type StdinGroupOptions, type StdinOptions, stdinCsv, stdinLines, stdinNdjson } from './source/stdin.ts'
export { textFile } from './source/text-file.ts'
export { stdinStream, toStdoutStream } from './stream/stdio-stream.ts'
export { formatStreamLine, parseStreamLine, type StreamLine, type StreamLineOptions } from './stream/stream-line.ts'
export type { StreamLinesOptions } from './stream/stream-line-format.ts'
export type { NewStreamMessage, StreamKeyOptions, StreamMessage } from './stream/stream-message.ts'
export type { StreamFileHeader, StreamMarker } from './stream-file/format.ts'
export { endStreamFile, type RepairOptions, repairStreamFile, type StreamFileRepair } from './stream-file/repair-stream-file.ts'
export { type StreamFileOptions, type StreamFileStart, streamFile } from './stream-file/stream-file.ts'
export type { WrittenStreams } from './stream-file/stream-file-encoder.ts'
export type { StreamFileShares } from './stream-file/stream-file-shares.ts'
export { type ToStreamFileOptions, toStreamFile } from './stream-file/to-stream-file.ts'
export { type StreamFileReport, type StreamSummary, type VerifyOptions, verifyStreamFile } from './stream-file/verify-stream-file.ts'
export { fileSchemes, stdioScheme } from './url/file-schemes.ts'
export { sinkFromUrl, sourceFromUrl } from './url/from-url.ts'
export type { SinkUrlOptions, SourceUrlOptions, StreamScheme, StreamSchemes } from './url/stream-scheme.ts'
export {
  onlyStreamKey,
  parseStreamerUri,
  parseStreamUrl,
  type StreamerUri,
  type StreamNode,
  type StreamUrl,
  urlError,
  urlText,
} from './url/stream-url.ts'
