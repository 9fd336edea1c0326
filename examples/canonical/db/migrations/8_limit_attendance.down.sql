DROP TRIGGER attendance_refuse_overbooking ON attendance;
DROP FUNCTION refuse_overbooking();
