title: a topic that is not read whole is half a truth: hold, with the remedy in the message

-- story --
0s          see advance started canary 20%
2m          topic unread "topic predictions has 3 partitions now: start a new generation"
2m..3m      see hold data_quality canary 20% "start a new generation"
8m          see held data_quality
8m          topic read
8m..12m     see advance stage_passed canary 50%
12m         end
