@problemName several
@timeStamps false
@classLabel true up down
@data
0.5,0.7,?:1,2,3:up
0.9,0.2:4,5:down
1,2,3,4:5,6,7,8:up
