/** Hears how far a backup, a restore or a move has come. */
export type Progress = (state: ProgressState) => void;

export interface ProgressState {
  readonly doing: 'Reading' | 'Checking' | 'Loading' | 'Comparing' | 'Building indexes';
  readonly table?: string;
  /** Of the table's text, or of the file. */
  readonly bytes?: number;
}
