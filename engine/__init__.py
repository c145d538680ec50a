"""The deterministic core of the venue and its journal. Imports nothing else of ours.

    command ─▶ Sequencer ─▶ Exchange.apply ─▶ events ─▶ journal ─▶ feed

| to find | look in |
|---|---|
| what is said | `commands`, `event`, `events`, `session_events`, `answer_events` |
| the vocabulary | `values`, `terms`, `rules`, `profile`, `reject`, `errors`, `decimals` |
| what is held | `state`, `account`, `holding`, `instrument`, `order`, `book`, `places`, `day_statistics` |
| what a command does | `exchange`, `entry`, `admission`, `starting`, `replacing`, `canceling`, `requests` |
| questions | `queries`, `trade_queries`, `instrument_queries`, `replays` |
| trading | `matching`, `taking`, `settlement`, `self_trade`, `aftermath`, `publishing` |
| kinds of orders | `iceberg`, `cash`, `pegs`, `triggering`, `triggers`, `trailing`, `heap`, `lists` |
| phases and auctions | `phases`, `transitions`, `schedule`, `timetable`, `auction`, `uncross`, `bands` |
| protections | `protection`, `guard`, `guarding`, `disconnecting` |
| money | `funds`, `withdrawals`, `booking`, `balance_changes`, `fee_rates`, `fee_schedules` |
| what staff do | `house`, `sessions`, `index_price`, `amending`, `overview`, `control` |
| the clock | `clock`, `due` |
| what lasts | `sequencer`, `journal`, `frames`, `whole_files`, `images`, `snapshot`, `snapshotter`, `recovery` |
| other processes | `feed`, `feed_server`, `control`, `control_server`, `unix_socket`, `remote` |
"""
