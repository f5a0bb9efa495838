@targetLabel true
@timestamps true
@data
(0,1),(1,2):0.5
(2024-01-01 00:10,3),(2,?):1.5
