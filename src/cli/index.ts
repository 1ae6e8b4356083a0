export { Interruption, type CliEnvironment, type Terminal } from './environment.ts';
export { cliErrors, CliError } from './errors.ts';
export { exitCodes, exitReasonOf, type ExitReason } from './exit-codes.ts';
export type {
  FrontProcess,
  Fronts,
  ListenAddress,
  OperatorRequest,
  RequestBackupRequest,
  RunningStandalone,
  StandaloneRequest,
} from './fronts.ts';
export { runCli } from './main.ts';
