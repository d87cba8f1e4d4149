# Is everything that was published from $from to $to in the archive? One line per content type, from completeness reports:
#   jq -rsf docs/have-everything.jq --arg from 2026-11-24T14:00:00Z --arg to 2026-11-24T15:00:00Z REPORT...
# Give it the reports of the day, and of the day before for what a window begun before midnight covers.
def plural($count; $word): "\($count) \($word)" + (if $count == 1 then "" else "s" end);

group_by([.tenant_id, .content_type])[]
| ([.[].window_reports[] | select(.end > $from and .start < $to)] | sort_by(.start)) as $windows
| ([.[].lost[] | select(.from[0:19] < $to[0:19] and .to[0:19] >= $from[0:19])] | unique) as $losses
# A report names the first losses of its day: more can concern the span only if the last one named begins before its end.
| ([.[] | select(.lost_omitted > 0 and .lost[-1].from[0:19] < $to[0:19]) | .lost_omitted] | add // 0) as $omitted
| ($windows | length > 0 and .[0].start <= $from and .[-1].end >= $to
    and all(range(1; length) as $i | .[$i - 1].end == .[$i].start; .)) as $covered
| ([$windows[] | select(.settled | not)] | length) as $open
| ([$windows[].listed] | add // 0) as $listed
| ([$windows[].archived] | add // 0) as $archived
| ([$windows[].lost] | add // 0) as $lost
| [ (select($covered | not) | "not all of the span has been listed"),
    (select($open > 0) | "\(plural($open; "window")) not proven yet"),
    (select($lost > 0) | "\(plural($lost; "content blob")) lost"),
    ($losses[] | "lost from \(.from) to \(.to): \(.reason)\(if .content then ", " + .content else "" end)"),
    (select($omitted > 0) | "at most \($omitted) more lost: see the state table")
  ] as $reasons
| ([.[] | select(any(.window_reports[]; .end > $from and .start < $to))] as $used | if $used == [] then . else $used end
    | map(.reported_at) | max) as $reported_at
| "\(.[0].tenant_id) \(.[0].content_type): "
  + (if $reasons == [] then "YES" else "NO (\($reasons | join("; ")))" end)
  + ", \($archived) of \(plural($listed; "content blob")) archived in \(plural($windows | length; "window"))"
  + ", as of \($reported_at)"
