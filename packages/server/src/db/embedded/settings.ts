/**
 * PostgreSQL's settings for one Parley on one machine.
 *
 * Durability is at its strictest; memory is small, for an installation that idles below 250 MB.
 * They are passed on the command line, so a running server shows what it was started with.
 */
export function settingsFor(
  socketFolder: string,
  extra: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return {
    listen_addresses: '',
    port: '5432',
    unix_socket_directories: socketFolder,
    unix_socket_permissions: '0700',
    cluster_name: 'parley',

    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    // On macOS plain fsync leaves the data in the drive's cache.
    ...(process.platform === 'darwin' ? { wal_sync_method: 'fsync_writethrough' } : {}),
    wal_compression: 'on',
    wal_buffers: '8MB',
    max_wal_size: '1GB',
    min_wal_size: '128MB',
    checkpoint_timeout: '15min',
    max_wal_senders: '0',
    max_replication_slots: '0',
    wal_level: 'minimal',

    max_connections: '40',
    shared_buffers: '96MB',
    effective_cache_size: '512MB',
    maintenance_work_mem: '48MB',
    // Containers give /dev/shm 64 MB.
    dynamic_shared_memory_type: 'mmap',
    // Statements are short: helpers and compilation cost more than they bring.
    io_method: 'sync',
    max_worker_processes: '2',
    max_logical_replication_workers: '0',
    max_parallel_workers_per_gather: '0',
    autovacuum_max_workers: '2',
    jit: 'off',
    random_page_cost: '1.1',

    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    log_checkpoints: 'off',
    // What people write to each other does not belong in a log, not even beside an error.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...extra,
  };
}

/** The settings as arguments of `postgres`. */
export function asArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
