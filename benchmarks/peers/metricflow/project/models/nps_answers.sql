select * from {{ ref("answers") }}
where kind = 'nps' and programme = 'relational' and scale_min = 0 and scale_max = 10 and score is not null
